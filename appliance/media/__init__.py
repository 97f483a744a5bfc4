"""Files that people upload, such as scans and recordings, and the results that Lampstand makes from them."""
