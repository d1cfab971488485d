;; A kept message is answered from a later callback of another client's message.
(define kept #false)
(define s
  (serve (bind "d.s") (lambda (f) #true)
    (lambda (type value)
      (define m (current-message))
      (displayln m (message-type m) (message-value m) (hash-contains? (message-peer m) 'pid))
      (displayln (eq? (defer m) m))
      (set! kept m)
      #true)))
(define c (connect "d.s" #:read-timeout 0.2))
(displayln (send c "first") (sipc-error-kind (last-error)))
(displayln (respond kept "too late"))
(displayln (respond kept "again"))
