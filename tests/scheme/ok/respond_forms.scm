;; Both forms of respond, with and without a type, and a value that is also the message.
(define server
  (serve (bind "r.s") (lambda (fault) #true)
    (lambda (type value)
      (displayln value ": "
        (case value
          [("value") (respond "v")]
          [("type") (respond "v" 'binary)]
          [("message") (respond (current-message) "v")]
          [("typed") (respond (current-message) "v" 'binary)]
          [("argument") (respond value "v")]
          [("argument typed") (respond value "v" :binary)]
          [("close") (respond #false 'close)]
          [("list") (respond '(104 105) 'binary)]
          [("vector") (respond (vector 104 105) 'string)]
          [else (respond "none")])))))
(for-each (lambda (text) (displayln "-> " (send-quick "r.s" text)))
  '("value" "type" "message" "typed" "argument" "argument typed" "close" "list"))
