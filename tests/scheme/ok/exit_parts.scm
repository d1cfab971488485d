;; exit runs the exit parts from the innermost, then releases sockets.
(define l (bind "x.s"))
(dynamic-wind
  (lambda () (displayln "in"))
  (lambda ()
    (dynamic-wind (lambda () #f) (lambda () (exit 0)) (lambda () (displayln "inner out" (path-exists? "x.s")))))
  (lambda () (displayln "outer out")))
(displayln "not reached")
