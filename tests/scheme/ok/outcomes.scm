;; What respond returns: true, or the reason as a symbol.
(displayln (respond "outside"))
(define kept #false)
(define server
  (serve (bind "o.s") (lambda (fault) #true)
    (lambda (type value)
      (set! kept (current-message))
      (displayln (respond "one") (respond "two") (respond "three" 'binary)))))
(displayln (send-quick "o.s" "x"))
(displayln (respond kept "late"))
(displayln (current-message))
