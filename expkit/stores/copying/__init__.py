"""From one store into another: reads and writes through the protocol of stores only, so any two will do."""
