;; What send returns: the reply's value, true for none, false on failure.
(define server
  (serve (bind "s.s") (lambda (fault) #true)
    (lambda (type value)
      (case type
        [(string) (unless (equal? value "quiet") (respond value)) #true]
        [(binary) (respond value)]
        [else (respond "closing") #false]))))
(define c (connect "s.s"))
(displayln (send c "text"))
(displayln (send c "quiet"))
(displayln (send c "text" 'string #false))
(displayln (send c "text" #false #false))
(displayln (send c (bytes 1 2)))
(displayln (send c "ab" 'binary))
(displayln (send c "größe €"))
(displayln (send c ""))
(displayln (string-length (send c (make-string 300000 #\x))))
(displayln (send c #false 'close))
(displayln (wait server))
(displayln (release c) (release c))
