;; A bracket that is missing is reported where it was opened.
(define x 1)
(displayln (+ x 1)
