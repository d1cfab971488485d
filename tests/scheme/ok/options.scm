;; Options may be written both ways, and do what they say.
(define a (bind "a.s" #:read-timeout 5 #:mode #o640 #:backlog 10 #:max-message-size 100 #:max-peers 5
                #:idle-timeout 2.5 #:wire 'checked #:replace #false))
(define b (bind "b.s" :read-timeout 5 :mode "600" :wire 'auto :allow (list 0 1)))
(displayln a)
(displayln b)
(define server (serve a (lambda (fault) (displayln "fault" fault) #true) (lambda (type value) (respond value))))
(define c (connect "a.s" :read-timeout 5 :max-message-size 50))
(displayln c)
(displayln (send c "fits"))
(displayln (send c (make-string 60 #\a)) (sipc-error-kind (last-error)))
(displayln (eq? (timeout c 3) c) (eq? (timeout c #false) c) (eq? (timeout a 0) a))
