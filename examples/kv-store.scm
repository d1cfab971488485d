;; A store of names and values that lives between messages.
;;
;; Run it:  sipc examples/kv-store.scm [SOCKET]
;; Ask it:  sipc send kv.socket "set colour blue"      prints ok
;;          sipc send kv.socket "get colour"           prints blue
;;          sipc send kv.socket "names"                prints colour
;;          sipc close kv.socket
;;
;; It prints where it listens, and how many names it held when it was closed.

(define (say . parts)
  (for-each display parts)
  (newline))

(define arguments (cdr (command-line)))
(define path (if (empty? arguments) "kv.socket" (car arguments)))

(define store (hash))

(define (handle words)
  (case (if (empty? words) "" (car words))
    [("set")
     (set! store (hash-insert store (cadr words) (string-join (cddr words) " ")))
     "ok"]
    [("get") (or (hash-try-get store (cadr words)) "there is no such name")]
    [("delete")
     (set! store (hash-remove store (cadr words)))
     "ok"]
    [("names") (string-join (sort (hash-keys->list store) string<?) " ")]
    [else "use: set NAME VALUE, get NAME, delete NAME, names"]))

(define (on-message type value)
  (case type
    [(string)
     (respond (with-handler (lambda (problem) "a name is missing") (handle (split-whitespace value))))
     #true]
    [(close) #false]
    [else (respond "send text")]))

(define done
  (with-bound-socket (listener path)
    (say "listening on " path)
    (hook listener (lambda (fault) #true) on-message)))

(unless done
  (error (sipc-error-message (last-error))))
(say "held " (hash-length store) " names")
