;; Echoes every message. Run as: sipc echo.scm SOCKET LENGTH
(define listener (bind (list-ref (command-line) 1) #:max-message-size 67108864))
(hook listener
      (lambda (fault) #true)
      (lambda (type value)
        (respond value type)
        #true))
