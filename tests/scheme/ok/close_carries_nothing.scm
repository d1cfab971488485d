;; close arrives as #false, whatever value was given.
(define s (serve (bind "c.s") (lambda (f) #true) (lambda (type value) (displayln type value) (respond #false 'close))))
(displayln (send-quick "c.s" "ignored" 'close))
