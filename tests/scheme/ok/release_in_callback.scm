;; release inside a callback ends the server cleanly; the file is gone and the reply arrives.
(define l (bind "r.s"))
(define s (serve l (lambda (f) #true) (lambda (t v) (respond "last") (release l))))
(displayln (send-quick "r.s" "x"))
(displayln (wait s) (path-exists? "r.s"))
