(displayln 1))
