;; The original's test client: sends what is typed and prints the reply as Lisp prints it.
;;
;; Run it:  sipc examples/test-client.scm      while test-server.scm runs in the same folder
;;
;; It prints the commands and a prompt. (send "Hello world") prints
;;
;;   "Hello world"
;;
;; Forms are read, never evaluated: symbols become capitals, (send hello) sends HELLO. A form may
;; span lines, a line may hold several. It ends at quit or at the end of the input, with 0.

(require "lisp-text.scm")

(define path "sipc.socket")
(define (say . parts) (for-each display parts))

(define (help)
  (say "Available commands:\n (send hello-world)\n (send-binary hello-world)\n (close)\n"
       " (rebind \"socket-file.socket\")\n help\n quit\n"))

(define (bound-help)
  (help)
  (say "(bound to " (if (string? path) (quoted path) (form-text path)) ")\n"))

;; Prints a reply as Lisp does.
(define (lisp value)
  (cond
    [(string? value) (quoted value)]
    [(bytes? value) (vector-text value 0)]
    [(eq? value #true) "T"]
    [else "NIL"]))

(define (result text)
  (say "\n" text " \n"))

(define (transmit value . type)
  (result (lisp (and (string? path)
                     (with-bound-socket (connection path :connect :read-timeout 30)
                       (apply send connection value type))))))

(define (text form)
  (if (string? form) form (form-text form)))

(define (command name arguments)
  (let ([first (if (empty? arguments) '() (car arguments))])
    (cond
      [(equal? name "SEND") (transmit (text first))]
      [(equal? name "SEND-BINARY") (transmit (string->bytes (text first)))]
      [(equal? name "CLOSE") (transmit #false 'close)]
      [(equal? name "REBIND") (set! path first) (result (if (string? first) (quoted first) (form-text first)))]
      [else (bound-help) (result "UNKNOWN-COMMAND")])))

(define next-form (make-reader (lambda () (with-handler (lambda (_) "") (read-line)))))

(define (prompt)
  (say "> ")
  (flush-output-port (current-output-port))
  (let ([form (next-form)])
    (cond
      [(eq? form 'end) (newline)]
      [(vector? form) (say "[e] " (vector-ref form 0) "\n") (prompt)]
      [(equal? (atom-text form) "QUIT") #true]
      [(or (string? form) (atom-text form) (empty? form)) (result "NIL") (bound-help) (prompt)]
      [else (command (or (atom-text (car form)) "") (cdr form)) (prompt)])))

(say "Working with socket " (quoted path) "\n")
(help)
(prompt)
