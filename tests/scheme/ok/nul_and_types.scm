;; A NUL inside a string arrives; exactly one at the end is dropped.
(define s (serve (bind "n.s") (lambda (f) #true) (lambda (t v) (respond (string->bytes v)))))
(displayln (send-quick "n.s" "a\0b"))
(displayln (send-quick "n.s" "a\0"))
