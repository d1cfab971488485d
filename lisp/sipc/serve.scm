;; The forms that run callbacks. The loop is here, its steps are primitives: Rust cannot call a
;; Scheme function, so `#%next-event` returns what to call one for.

(provide hook ; serve until a callback ends it
         serve ; serve whenever the engine waits
         wait ; for its end
         connect ; a client's connection
         send ; a message, for its reply
         send-quick ; connect, send, release
         sleep ; and serve meanwhile
         time/sleep-ms ; the same, as Steel calls it
         call-with-bound-socket ; what with-bound-socket expands to
         with-bound-socket ; a socket for the extent of some forms
         sipc-renew-callbacks ; for the host: a callback was defined again
         drive) ; for the host: serve while it waits

;; Arguments are put together with cons: steel-core 0.8.3's (apply f x (cdr list)) passes the first
;; element of the list instead of x.

;; From a listener's number to its (on-error . on-message). Rust holds the second as well, so
;; that nothing is looked up for a message; but only what Scheme holds is safe from the collector.
(define *callbacks* (hash))

(define (callbacks number)
  (hash-ref *callbacks* number))

;; Serves until the target is there; returns its result.
;;
;; A callback may leave through a continuation: its message is finished on every way out.
(define (drive target)
  (#%dynamic-wind (lambda () void)
                  (lambda () (drive-on target))
                  (lambda () (#%end-wait target))))

(define (drive-on target)
  (let ([state (call-with-exception-handler
                (lambda (error) (#%callback-failed target error))
                (lambda () (pump target)))])
    (cond
      [(not state) (#%target-result target)]
      [(error-object? state) (raise-error state)]
      [else (drive-on target)])))

;; Hands out messages. The step returns the value of one that belongs to the run: it is of the
;; type of the one before and for the same callback. So it costs this step and its `respond`.
(define (pump target)
  (pump-run target #false #false 0))

(define (pump-run target callback type run)
  (let ([value (#%next-event target run)])
    (if value
        (begin
          (unless (callback type value)
            (forget (#%end-by-message target)))
          (pump-run target callback type run))
        (pump-other target))))

(define (pump-other target)
  (let ([event (#%event)])
    (cond
      [(not event) #false]
      [(eq? event #true)
       (report target)
       (pump target)]
      [(eq? event 'leave) (leave-script)]
      [else
       (let ([type (#%event-type)]
             [run (#%event-run)])
         (handle target event)
         (pump-run target event type run))])))

;; Calls the callback of the message that has come, outside a run.
(define (handle target callback)
  (unless (callback (#%event-type) (#%event-value))
    (forget (#%end-by-message target))))

;; A warning that the error callback lets pass becomes a message.
(define (report target)
  (let ([number (#%after-fault ((car (callbacks (#%event-listener))) (#%event-value)))])
    (when number
      (handle target (cdr (callbacks number))))))

;; Lets servers call the new function where they were given the old one.
(define (sipc-renew-callbacks old new)
  (define (renew function)
    (if (eq? function old) new function))
  (for-each (lambda (number)
              (let ([both (callbacks number)])
                (#%renew-callback number (renew (cdr both)))
                (set! *callbacks*
                      (hash-insert *callbacks* number (cons (renew (car both)) (renew (cdr both)))))))
            (hash-keys->list *callbacks*)))

(define (forget number)
  (set! *callbacks* (hash-remove *callbacks* number)))

(define (remember server arguments)
  (set! *callbacks*
        (hash-insert *callbacks*
                     (#%server-number server)
                     (cons (cadr arguments) (caddr arguments))))
  server)

;;@doc
;; Serves a listener until a callback returns #false.
;;
;; (hook listener on-error on-message) -> 1 or #false
;;
;; * listener : from bind
;; * on-error : (lambda (fault) ...); fault is 'accept, 'read, 'closed, 'message or 'checksum,
;;   or '(warning checksum) for a message without a checksum (true: handle it; false: it becomes
;;   'checksum), or (list 'exception error) when on-message raised an error
;; * on-message : (lambda (type value) ...); type is 'string, 'binary or 'close, value a string,
;;   a byte vector or #false
;;
;; Returns 1 when on-message ended it, #false when on-error did, or the listener was released.
;; Any number of clients are served at once; callbacks run one at a time. An error in on-message
;; closes that client's connection and goes to on-error; one in on-error is raised from here.
;; A callback that does not return stops everybody: what takes long belongs behind `defer`.
;;
;; # Examples
;; (hook (bind "sipc.socket")
;;       (lambda (fault) #true)
;;       (lambda (type value) (respond (or value "bye")) (not (eq? type 'close))))
(define (hook . arguments)
  (let ([server (remember (checked (apply #%serve (cons 'hook arguments))) arguments)])
    (#%dynamic-wind (lambda () void)
                    (lambda () (drive (#%server-target server)))
                    (lambda ()
                      (#%leave server)
                      (forget (#%server-number server))))))

;;@doc
;; Serves a listener from now on, whenever the engine waits: in hook, send, connect, sleep,
;; wait, and at the prompt.
;;
;; (serve listener on-error on-message) -> server
;;
;; Arguments as for hook. Returns at once. Callbacks run one at a time: while one runs no other
;; does, also when it waits. When the script ends, so does the server; (wait server) keeps it.
;;
;; # Examples
;; (define server (serve (bind "sipc.socket") (lambda (fault) #true) (lambda (type value) #true)))
(define (serve . arguments)
  (remember (checked (apply #%serve (cons 'serve arguments))) arguments))

;;@doc
;; Serves until a server has ended.
;;
;; (wait server) -> 1 or #false
;;
;; * server : from serve
;;
;; Returns what hook would have returned. Blocks.
(define (wait . arguments)
  (drive (checked (apply #%server-target arguments))))

;;@doc
;; Connects to a server.
;;
;; (connect file #:read-timeout s #:wire w #:max-message-size n) -> connection or #false
;;
;; * file : string?
;; * #:read-timeout : seconds to wait for a reply = no limit
;; * #:wire : 'checked or 'legacy = 'checked
;; * #:max-message-size : bytes, the first length that is refused = 5242880
;;
;; Blocks while the server's queue is full. Returns #false when there is no server;
;; (last-error) tells why.
;;
;; # Examples
;; (define connection (connect "sipc.socket"))
(define (connect . arguments)
  (await (checked (apply #%connect arguments))))

;;@doc
;; Sends a message and waits for the reply.
;;
;; (send connection value [type] [keep-response]) -> string?, bytes?, #true or #false
;;
;; * connection : from connect
;; * value : string?, bytes?, a pointer, or a list or vector of bytes; anything for 'close
;; * type : 'string, 'binary or 'close = from the value
;; * keep-response : whether the reply's value is wanted = #true
;;
;; Returns the reply's value, #true when the server had none to give, or #false when it failed;
;; (last-error) tells why. Blocks, at most for the connection's read timeout. Connects anew when
;; the server serves one message a connection.
;;
;; # Examples
;; (send (connect "sipc.socket") "hello")
(define (send . arguments)
  (await (checked (apply #%send arguments))))

(define (await result)
  (if (#%target? result)
      (drive result)
      result))

;;@doc
;; Connects, sends one message, releases the connection.
;;
;; (send-quick file value [type]) -> string?, bytes?, #true or #false
;;
;; Arguments and results as for connect and send.
;;
;; # Examples
;; (send-quick "sipc.socket" "hello")
(define (send-quick . arguments)
  (let ([connection (await (checked (apply #%quick arguments)))])
    (and connection
         (#%dynamic-wind (lambda () void)
                         (lambda () (await (checked (apply #%send (cons connection (cdr arguments))))))
                         (lambda () (#%release connection))))))

;;@doc
;; Waits, and serves meanwhile.
;;
;; (sleep seconds) -> void
;;
;; * seconds : number, also a fraction
(define (sleep . arguments)
  (drive (checked (apply #%sleep-target arguments)))
  void)

;;@doc
;; Waits, and serves meanwhile: Steel's own, which nothing could interrupt, in terms of sleep.
;;
;; (time/sleep-ms milliseconds) -> void
;;
;; * milliseconds : number
(define (time/sleep-ms milliseconds)
  (sleep (/ milliseconds 1000)))

;;@doc
;; Calls a function with a socket, and releases it on every way out.
;;
;; (call-with-bound-socket file options function) -> any
;;
;; * file : string?
;; * options : a list of options for bind, or of 'connect and options for connect
;; * function : (lambda (socket) ...)
;;
;; Returns what the function returns, or #false without calling it when there is no socket.
(define (call-with-bound-socket file options function)
  (let ([socket (if (member 'connect options)
                    (apply connect (cons file (filter (lambda (x) (not (eq? x 'connect))) options)))
                    (apply #%bind (cons file options)))])
    (and socket
         (#%dynamic-wind (lambda () void)
                         (lambda () (function socket))
                         (lambda () (#%release socket))))))

;;@doc
;; Binds a socket to a name for some forms, and releases it on every way out.
;;
;; (with-bound-socket (name file option ...) body ...) -> any
;;
;; With :connect among the options it connects instead. Returns the last form's value, or
;; #false without running them when there is no socket.
;;
;; # Examples
;; (with-bound-socket (connection "sipc.socket" :connect) (send connection "hello"))
(define-syntax with-bound-socket
  (syntax-rules ()
    [(with-bound-socket (name file option ...) body ...)
     (call-with-bound-socket file (list option ...) (lambda (name) body ...))]))
