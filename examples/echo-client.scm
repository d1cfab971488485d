;; An echo client: sends each argument and prints the reply, then asks the server to close.
;;
;; Run it:  sipc examples/echo-client.scm SOCKET TEXT...      while echo-server.scm runs
;;
;; For the text hello it prints "hello -> hello", and at the end "closed".

(define (say . parts)
  (for-each display parts)
  (newline))

(define arguments (cdr (command-line)))
(when (empty? arguments)
  (display "usage: echo-client.scm SOCKET TEXT...\n" (current-error-port))
  (exit 2))

(define (fail)
  (error (sipc-error-message (last-error))))

(define connection (or (connect (car arguments) #:read-timeout 5) (fail)))

(for-each (lambda (text)
            (say text " -> " (or (send connection text) (fail))))
          (cdr arguments))

(send connection #false 'close)
(release connection)
(say "closed")
