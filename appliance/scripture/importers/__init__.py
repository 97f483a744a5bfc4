"""Read what people have (SWORD modules, OSIS, USFM) into verses, topics and lexicon entries."""
