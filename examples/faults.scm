;; An error callback that keeps the server going: errors of its own callback and of its clients.
;;
;; Run it:  sipc examples/faults.scm
;;
;; It serves and sends to itself, and prints
;;
;;   ok: hello
;;   server: an error in the callback: there is no number in it
;;   refused: closed
;;   ok: half is 21
;;   server: a client's fault: message
;;   refused: closed
;;   ok: still here
;;   server: 2 faults
;;
;; The same error is reported on standard error with its line.

(define (say . parts)
  (for-each display parts)
  (newline))

(define path "faults.socket")
(define faults 0)

(define (on-error fault)
  (set! faults (+ faults 1))
  (if (list? fault)
      (say "server: an error in the callback: " (trim (error-object-message (cadr fault))))
      (say "server: a client's fault: " fault))
  #true) ; go on

(define (on-message type value)
  (respond (cond
             [(string->number value) => (lambda (n) (string-append "half is " (to-string (/ n 2))))]
             [(equal? value "x") (error "there is no number in it")]
             [else value]))
  #true)

(define listener (bind path #:max-message-size 1000))
(define server (serve listener on-error on-message))

(define (try value)
  (define reply (send-quick path value))
  (say (if reply
                 (string-append "ok: " reply)
                 (string-append "refused: " (symbol->string (sipc-error-kind (last-error)))))))

(try "hello")
(try "x")
(try "42")
(try (make-string 2000 #\a)) ; longer than the server takes
(try "still here")

(say "server: " faults " faults")
(release listener)
