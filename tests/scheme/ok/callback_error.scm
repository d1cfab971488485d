;; An error in on-message is that message's failure: (exception ERROR), and the server goes on.
(define count 0)
(define s
  (serve (bind "c.s")
    (lambda (f)
      (displayln (car f) (error-object? (cadr f)) (error-object-message (cadr f)))
      #true)
    (lambda (type value)
      (set! count (+ count 1))
      (if (equal? value "bad") (car '()) (respond (to-string count))))))
(displayln (send-quick "c.s" "a"))
(displayln (send-quick "c.s" "bad") (sipc-error-kind (last-error)))
(displayln (send-quick "c.s" "b"))
