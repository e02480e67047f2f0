"""What stores on a disk are made of: whole files, logs, bytes by hash, points, output, signs of life. Knows no store."""
