"""What a run *is*: model, events, fold, judged state, value codec, query tree, wire form. No I/O, no clock, no threads."""
