;;; Echoes messages of a fixed length. Run as: sbcl --script echo.lisp SOCKET LENGTH
(require :sb-bsd-sockets)
(let* ((words (last sb-ext:*posix-argv* 2))
       (length (parse-integer (second words)))
       (buffer (make-array length :element-type '(unsigned-byte 8)))
       (listener (make-instance 'sb-bsd-sockets:local-socket :type :stream)))
  (sb-bsd-sockets:socket-bind listener (first words))
  (sb-bsd-sockets:socket-listen listener 128)
  (loop
    (let* ((socket (sb-bsd-sockets:socket-accept listener))
           (stream (sb-bsd-sockets:socket-make-stream
                    socket :input t :output t :element-type '(unsigned-byte 8) :buffering :full)))
      (handler-case
          (loop while (= (read-sequence buffer stream) length)
                do (write-sequence buffer stream)
                   (finish-output stream))
        (error ()))
      (close stream :abort t))))
