;; A callback that sends to its own script's server is refused with a message that says so.
(define s
  (serve (bind "self.s") (lambda (f) (when (list? f) (displayln (error-object-message (cadr f)))) #true)
    (lambda (type value)
      (if (equal? value "outer") (respond (send-quick "self.s" "inner")) (respond value)))))
(displayln (send-quick "self.s" "outer"))
(displayln (send-quick "self.s" "plain"))
(define unserved (bind "unserved.s"))
(displayln (with-handler (lambda (e) (error-object-message e)) (send-quick "unserved.s" "x")))
