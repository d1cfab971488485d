;; The message forms and the pointers: each a name for a primitive. The forms that run callbacks
;; are in sipc/serve.scm.
;;
;; The host reads this file as a table, line by line: nothing but (define NAME #%PRIMITIVE) may
;; stand here. A script's start is shorter for what Steel need not compile.

;;@doc
;; Binds a socket file and listens on it.
;;
;; (bind file #:read-timeout s #:idle-timeout s #:mode m #:allow who #:replace b #:wire w
;;       #:max-message-size n #:max-peers n #:reply-queue n #:reply-timeout s
;;       #:max-memory n #:backlog n)
;;   -> listener or #false
;;
;; * file : string?, at most 107 bytes
;; * #:read-timeout : seconds a peer may take for a message = no limit
;; * #:idle-timeout : seconds a connection may be idle after a message = no limit
;; * #:mode : permission bits, #o600 or "600" = 600; 666 when #:allow is given
;; * #:allow : a user's name or number, '(user NAME), '(group NAME-OR-NUMBER), or a list of those
;;   = everybody
;; * #:replace : whether to take the file over from a live server = #false
;; * #:wire : 'checked, 'legacy or 'auto = 'checked
;; * #:max-message-size : bytes, the first length that is refused = 5242880
;; * #:max-peers : connections held at once = 10000
;; * #:reply-queue : bytes of unread replies above which a peer is not read = 1048576
;; * #:max-memory : bytes of incomplete messages and unread replies of all peers together, above
;;   which those go that have made no progress for longest = 1073741824
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
;; 'close gets the empty reply. Returns #true when the reply was sent or is on its way.
;; 'response-multi: a reply has been sent before. 'response-disabled: the sender wants none.
;; 'response-invalid: no message is being handled. 'error: the peer has left; 'partial: it left
;; in the middle of the reply. A NUL inside a string ends it for peers written in C. Raises an
;; error when the value does not fit the type, or the message is too long. Does not block.
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
;; One of 'address, 'not-found, 'not-a-socket, 'in-use, 'no-server, 'permission, 'refused,
;; 'timed-out, 'closed, 'partial, 'message, 'checksum, 'unsigned, 'too-large, 'interrupted,
;; 'released, 'stopped, 'io.
(define sipc-error-kind #%sipc-error-kind)

;;@doc
;; Returns an error as a sentence: what was attempted, on what, why it failed, what to do.
;;
;; (sipc-error-message error) -> string?
;;
;; * error : what (last-error) returned
(define sipc-error-message #%sipc-error-message)

;;@doc
;; Ends what serve began. The listener stays bound.
;;
;; (stop server) -> #true
;;
;; * server : from serve
(define stop #%stop)

;;@doc
;; Makes a pointer over a byte vector.
;;
;; (make-pointer #:memory bytes #:size n) -> pointer?
;;
;; * #:memory : bytes?, shared and not copied = n bytes of 0
;; * #:size : number of bytes = all of the memory
;;
;; # Examples
;; (make-pointer #:memory (bytes 1 2 3))
(define make-pointer #%make-pointer)

;;@doc
;; Returns whether a value is a pointer.
;;
;; (pointer? value) -> boolean?
(define pointer? #%pointer?)

;;@doc
;; Returns the byte vector behind a pointer. Raises an error once it is freed.
;;
;; (pointer-memory pointer) -> bytes?
(define pointer-memory #%pointer-memory)

;;@doc
;; Returns a pointer's size in bytes. Raises an error once it is freed.
;;
;; (pointer-size pointer) -> int?
(define pointer-size #%pointer-size)

;;@doc
;; Makes a pointer to one element.
;;
;; (pointer-from value [type]) -> pointer?
;;
;; * value : a number
;; * type : :char :unsigned-char :short :unsigned-short :int :unsigned-int :long :unsigned-long
;;   :long-long :unsigned-long-long :int8 ... :int64 :uint8 ... :uint64 :float :double
;;   = :unsigned-char
;;
;; Elements lie in the machine's byte order. Raises an error when the value is out of range.
(define pointer-from #%pointer-from)

;;@doc
;; Makes a pointer to the elements of a list or vector.
;;
;; (pointer-from-seq sequence [type]) -> pointer?
;;
;; Types as for pointer-from.
;;
;; # Examples
;; (pointer-from-seq '(1 2 3) :int)
(define pointer-from-seq #%pointer-from-seq)

;;@doc
;; Makes a pointer to a string's UTF-8 bytes, without a final NUL.
;;
;; (pointer-from-string string) -> pointer?
(define pointer-from-string #%pointer-from-string)

;;@doc
;; Returns the elements behind a pointer as a vector.
;;
;; (pointer-to-array pointer [type]) -> vector?
;;
;; * pointer : pointer? or bytes?
;; * type : as for pointer-from
;;
;; Bytes at the end that make no whole element are left out.
(define pointer-to-array #%pointer-to-array)

;;@doc
;; Frees a pointer. Using it again, or freeing it twice, raises an error.
;;
;; (pointer-free pointer) -> #false
(define pointer-free #%pointer-free)
