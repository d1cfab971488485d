;; A server that loses nothing it has answered: each text is in a file before its reply is sent,
;; so that a crash, or kill -9, costs at most messages whose clients have no reply.
;;
;; Run it:  sipc examples/journal.scm [SOCKET [FILE]]
;; Ask it:  sipc send journal.socket "remember this"    prints 1, the number of the line
;;          sipc close journal.socket
;;
;; It prints where it listens and how many lines the file holds already. The system keeps what
;; was written when the program dies, but not when the machine does.

(define (say . parts)
  (for-each display parts)
  (newline))

(define (argument number default)
  (define all (cdr (command-line)))
  (if (< number (length all)) (list-ref all number) default))

(define path (argument 0 "journal.socket"))
(define file (argument 1 "journal.txt"))

(define (count-lines port)
  (let loop ([count 0])
    (if (eof-object? (read-line port)) count (loop (+ count 1)))))

(define count (if (path-exists? file) (count-lines (open-input-file file)) 0))
(define out (open-output-file file #:exists 'append))

(define (keep text)
  (write text out) ; on one line, whatever is in it
  (newline out)
  (flush-output-port out)
  (set! count (+ count 1))
  (number->string count))

(define (on-message type value)
  (case type
    [(string) (respond (keep value)) #true]
    [(close) #false]
    [else (respond "send text") #true]))

(define listener (or (bind path) (error (sipc-error-message (last-error)))))
(say "listening on " path ", " count " lines are kept")
(hook listener (lambda (fault) #true) on-message)
(release listener)
