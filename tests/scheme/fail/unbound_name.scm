;; A name that is not bound is named with its place.
(define (f) (no-such-name 5))
(f)
