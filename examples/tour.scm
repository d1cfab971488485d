;; A tour in one process: a server and its client take turns on one engine.
;;
;; Run it:  sipc examples/tour.scm
;;
;; It serves and sends to itself: text, bytes, a message without an answer, a refusal, an error in
;; a callback, and the request to close.

(define path "tour.socket")

(define (say . parts)
  (for-each display parts)
  (newline))

(define listener (or (bind path #:read-timeout 5) (error (sipc-error-message (last-error)))))
(say "bound " listener)

(define (on-error fault)
  (if (list? fault)
      (say "  server: " (car fault))
      (say "  server: fault " fault))
  #true)

(define (on-message type value)
  (say "  server: got " type " " value)
  (cond
    [(equal? value "quiet") #true]
    [(equal? value "twice")
     (respond "first")
     (say "  server: a second reply is " (respond "second"))
     #true]
    [(equal? value "oops") (error "this message cannot be handled")]
    [(eq? type 'close)
     (respond "bye")
     #false]
    [else
     (respond value)
     #true]))

(define server (serve listener on-error on-message))
(define connection (connect path))

(define (client value . type)
  (say "client: sends " value)
  (say "client: got " (apply send connection value type)))

(client "hello")
(client (bytes 0 1 254 255))
(client "quiet")
(client "twice")

(say "client: sends oops")
(say "client: got " (send connection "oops") ", because " (sipc-error-kind (last-error)))

(client #false 'close)
(say "the server ended with " (wait server))
(release connection)
(release listener)
(say "released")
