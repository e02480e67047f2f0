"""Where records and streams are kept. One protocol (``base``), one file or folder per backend; knows records, never observers or runs in progress."""
