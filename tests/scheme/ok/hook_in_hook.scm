;; hook inside a callback serves the inner listener only, then the outer goes on.
(define outer (bind "outer.s"))
(define inner (bind "inner.s"))
(define ended #false)
(define s
  (serve outer (lambda (f) #true)
    (lambda (type value)
      (respond value)
      (displayln "inner released: " (begin (release inner) (hook-result)))
      #false)))
(define (hook-result)
  (with-handler (lambda (e) (error-object-message e)) (hook inner (lambda (f) #true) (lambda (t v) #true))))
(displayln (send-quick "outer.s" "x"))
(displayln (wait s))
