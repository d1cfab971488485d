;; Replies that come later: clients wait until two have come, then both are answered.
;;
;; Run it:  sipc examples/later.scm [SOCKET]
;; Ask it:  sipc send later.socket Ann    and in another terminal    sipc send later.socket Bob
;;
;; Each client prints who it met. The server prints
;;
;;   Ann waits
;;   Ann meets Bob
;;
;; and ends. A client that leaves before that costs nothing: its reply goes nowhere.

(define (say . parts)
  (for-each display parts)
  (newline))

(define arguments (cdr (command-line)))
(define path (if (empty? arguments) "later.socket" (car arguments)))

(define waiting #false)

(define (on-message type value)
  (define message (current-message))
  (cond
    [(not waiting)
     (set! waiting (defer message)) ; keeps the connection after this callback
     (say value " waits")
     #true]
    [else
     (define first (message-value waiting))
     (say first " meets " value)
     (respond waiting (string-append "you met " value))
     (respond message (string-append "you met " first))
     #false]))

(define listener (or (bind path) (error (sipc-error-message (last-error)))))
(hook listener (lambda (fault) #true) on-message)
(release listener)
