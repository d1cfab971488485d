;; The original's test server: answers each message with its value as Lisp prints it.
;;
;; Run it:  sipc examples/test-server.scm
;;
;; It listens on sipc.socket in the current folder. After (send "Hello world") and (close) in
;; test-client.scm it has printed
;;
;;   [+] listening on sipc.socket...
;;    -> T
;;    <- (STRING) Hello world
;;    -> T
;;    <- (CLOSE) NIL
;;   [-] listen rc 1
;;
;; and ends. A leftover socket file is replaced; a live server's is not.

(require "lisp-text.scm")

(define path "sipc.socket")

(define (say . parts)
  (for-each display parts)
  (newline))

;; Prints a symbol, a list of them, #true or #false as Lisp would.
(define (lisp value)
  (cond
    [(eq? value #true) "T"]
    [(not value) "NIL"]
    [(list? value) (string-append "(" (string-join (map lisp value) " ") ")")]
    [(symbol? value) (string-upcase (symbol->string value))]
    [(error-object? value) (error-object-message value)]
    [else (to-string value)]))

(define (answer text)
  (say " -> " (lisp (respond text))))

(define (on-message type value)
  (case type
    [(string)
     (answer value)
     (say " <- (STRING) " value)
     #true]
    [(binary)
     (answer (vector-text value 0))
     (say " <- (BINARY) " (vector-text value 13) " (size: " (bytes-length value) ")")
     #true]
    [else
     (answer "NIL")
     (say " <- (CLOSE) NIL")
     #false]))

;; True goes on, also for (warning checksum): messages without a checksum are taken.
(define (on-error fault)
  (say "[e] <- " (lisp fault))
  #true)

(define listener (bind path #:read-timeout 5))
(unless listener
  (say "[e] binding failed " path)
  (display (string-append (sipc-error-message (last-error)) "\n") (current-error-port))
  (exit 1))
(say "[+] listening on " path "...")
(say "[-] listen rc " (lisp (hook listener on-error on-message)))
(release listener)
