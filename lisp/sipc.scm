;; The message forms that every script has, each a name for a primitive.
;; The forms that run callbacks are in sipc/serve.scm, pointers in sipc/pointer.scm.

(provide bind ; a server's socket
         timeout ; change how long to wait
         release ; close either
         respond ; answer the message being handled
         defer ; answer it later
         current-message ; the message being handled
         message-type ; its type
         message-value ; its value
         message-peer ; who sent it
         last-error ; why the last form returned false
         sipc-error-kind ; that as a symbol
         sipc-error-message) ; that as a sentence

;;@doc
;; Binds a socket file and listens on it.
;;
;; (bind file #:read-timeout s #:idle-timeout s #:mode m #:allow who #:replace b #:wire w
;;       #:max-message-size n #:max-peers n #:reply-queue n #:reply-timeout s #:backlog n)
;;   -> listener or #false
;;
;; * file : string?, at most 107 bytes
;; * #:read-timeout : seconds a peer may take for a message = no limit
;; * #:idle-timeout : seconds a connection may be idle after a message = no limit
;; * #:mode : permission bits, #o600 or "600" = 600; 666 when #:allow is given
;; * #:allow : a user's name or number, '(group NAME-OR-NUMBER), or a list of those = everybody
;; * #:replace : whether to take the file over from a live server = #false
;; * #:wire : 'checked, 'legacy or 'auto = 'checked
;; * #:max-message-size : bytes, the first length that is refused = 5242880
;; * #:max-peers : connections held at once = 10000
;; * #:reply-queue : bytes of unread replies above which a peer is not read = 1048576
;; * #:reply-timeout : seconds a peer may leave replies unread = 30
;; * #:backlog : connections the system holds before they are accepted = 128
;;
;; Clients can connect at once and wait until the listener is served. A socket file that nobody
;; listens on is replaced; a live server's only with #:replace; anything else never. Options may
;; also be written :read-timeout 5. Returns #false when the system says no; (last-error) tells
;; why. Raises an error for arguments of the wrong type.
;;
;; # Examples
;; (define listener (bind "sipc.socket" #:read-timeout 5))
(define bind #%bind)

;;@doc
;; Sets how long a socket waits for its peer.
;;
;; (timeout socket seconds) -> socket
;;
;; * socket : a listener or a connection
;; * seconds : number of seconds; 0 is no limit, #false changes nothing
;;
;; For a listener it counts from the next connection on.
(define timeout #%timeout)

;;@doc
;; Closes a listener or a connection.
;;
;; (release socket) -> #true
;;
;; * socket : a listener or a connection
;;
;; A listener's file is removed if it is still the one it made; messages that were kept get the
;; empty reply; `hook` on it returns #false. A second release does nothing.
(define release #%release)

;;@doc
;; Answers the message being handled, or one that was kept.
;;
;; (respond value [type]) -> #true or symbol?
;; (respond message value [type]) -> #true or symbol?
;;
;; * message : the callback's argument, or what (current-message) returned
;; * value : string?, bytes?, a pointer, a list or vector of bytes, or #false for the empty reply
;; * type : 'string, 'binary or 'close = from the value
;;
;; So (respond value) with the callback's own value answers a message of any type; one of type
;; 'close gets the empty reply. Returns #true when the reply was sent or is on its way. 'response-multi: a reply has been
;; sent before. 'response-disabled: the sender wants none. 'response-invalid: no message is
;; being handled. 'error: the peer has left; 'partial: it left in the middle of the reply.
;; A NUL inside a string ends it for peers written in C. Raises an error when the value does not
;; fit the type, or the message is too long. Does not block.
;;
;; # Examples
;; (hook listener (lambda (fault) #true) (lambda (type value) (respond "ok") #true))
(define respond #%respond)

;;@doc
;; Keeps a message to be answered after its callback has returned.
;;
;; (defer message) -> message
;;
;; * message : what (current-message) returned
;;
;; The connection stays open. Answer it with (respond message value). If the peer leaves
;; meanwhile that returns 'error; if the script ends first, the peer gets the empty reply.
;;
;; # Examples
;; (define kept (defer (current-message)))
;; (respond kept "done at last")
(define defer #%defer)

;;@doc
;; Returns the message being handled, or #false outside a message callback.
;;
;; (current-message) -> message or #false
;;
;; The value stays good after the callback.
(define current-message #%current-message)

;;@doc
;; Returns a message's type: 'string, 'binary or 'close.
;;
;; (message-type message) -> symbol?
;;
;; * message : what (current-message) returned
(define message-type #%message-type)

;;@doc
;; Returns a message's value: a string, a byte vector, or #false for close.
;;
;; (message-value message) -> string?, bytes? or #false
;;
;; * message : what (current-message) returned
(define message-value #%message-value)

;;@doc
;; Returns who sent a message, as the kernel noted it when the peer connected.
;;
;; (message-peer message) -> hash? of 'pid, 'uid and 'gid
;;
;; * message : what (current-message) returned
;;
;; # Examples
;; (hash-ref (message-peer (current-message)) 'uid)
(define message-peer #%message-peer)

;;@doc
;; Returns why the last form here returned #false, or #false if none did.
;;
;; (last-error) -> error or #false
;;
;; # Examples
;; (unless (connect "no.socket") (displayln (sipc-error-message (last-error))))
(define last-error #%last-error)

;;@doc
;; Returns the kind of an error as a symbol.
;;
;; (sipc-error-kind error) -> symbol?
;;
;; * error : what (last-error) returned
;;
;; One of 'address, 'not-found, 'in-use, 'no-server, 'permission, 'refused, 'timed-out, 'closed,
;; 'partial, 'message, 'checksum, 'unsigned, 'too-large, 'interrupted, 'released, 'stopped, 'io.
(define sipc-error-kind #%sipc-error-kind)

;;@doc
;; Returns an error as a sentence: what was attempted, on what, why it failed, what to do.
;;
;; (sipc-error-message error) -> string?
;;
;; * error : what (last-error) returned
(define sipc-error-message #%sipc-error-message)
