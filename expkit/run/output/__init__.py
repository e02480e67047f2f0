"""What a run prints: taken as bytes where it is written, settled into lines for people. Never in the program's way."""
