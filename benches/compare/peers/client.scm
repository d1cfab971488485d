;; Sends as many messages as each line of standard input says, then prints that it has.
;; Run as: sipc client.scm SOCKET SIZE
(define connection (connect (list-ref (command-line) 1) #:max-message-size 67108864))
(define message (make-bytes (string->number (list-ref (command-line) 2)) 42))

(define (send-all count)
  (when (> count 0)
    (unless (send connection message)
      (error "no reply:" (sipc-error-message (last-error))))
    (send-all (- count 1))))

(define (serve-lines)
  (let ([line (read-line-from-port (current-input-port))])
    (when (string? line)
      (send-all (string->number (trim line)))
      (displayln "done")
      (flush-output-port (current-output-port))
      (serve-lines))))

(serve-lines)
