;; A continuation leaves hook from inside a callback; the listener can be served again.
(define l (bind "e.s"))
(define c #false)
(define got
  (call/cc (lambda (leave)
    (define s (serve l (lambda (f) #true) (lambda (type value) (respond value) (leave (list 'left value)))))
    (send-quick "e.s" "out")
    'stayed)))
(displayln got)
