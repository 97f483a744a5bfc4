"""The learned ranking: combine all features of a query and a verse into one score, trained on topic votes."""
