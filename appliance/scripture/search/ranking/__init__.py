"""The learned ranking. It combines all features of a query and a verse into one score, and is trained on topic votes."""
