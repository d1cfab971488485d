;; Bytes there and back: numbers packed into memory, sent as a binary message, answered as one.
;;
;; Run it:  sipc examples/binary.scm
;;
;; It serves and sends to itself, and prints
;;
;;   sent 12 bytes
;;   the server got the numbers #(1 -2 300)
;;   the reply holds #(2 -4 600)

(define (say . parts)
  (for-each display parts)
  (newline))

(define path "binary.socket")

(define (on-message type value)
  (define numbers (pointer-to-array value :int)) ; three numbers of 4 bytes
  (say "the server got the numbers " numbers)
  (with-pointer (doubled :sequence :int) (map (lambda (n) (* 2 n)) (vector->list numbers))
    (respond doubled)))

(define listener (or (bind path) (error (sipc-error-message (last-error)))))
(define server (serve listener (lambda (fault) #true) on-message))

(with-pointer (numbers :sequence :int) '(1 -2 300)
  (say "sent " (pointer-size numbers) " bytes")
  (define reply (send-quick path numbers))
  (say "the reply holds " (pointer-to-array reply :int)))

(stop server)
(release listener)
