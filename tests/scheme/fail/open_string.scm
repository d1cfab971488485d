(displayln "never closed)
