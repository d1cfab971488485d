;;; Runs each line of the file *FROM* in SBCL and writes what it printed and gave into *TO* as
;;; JSON lines.
(defun json (s out)
  (write-char #\" out)
  (loop for c across s
        do (case c
             (#\" (write-string "\\\"" out))
             (#\\ (write-string "\\\\" out))
             (#\Newline (write-string "\\n" out))
             (t (if (< (char-code c) 32) (format out "\\u~4,'0x" (char-code c)) (write-char c out)))))
  (write-char #\" out))

(defun run-line (line)
  (let* ((values nil) (failure nil)
         (printed
           (with-output-to-string (*standard-output*)
             (handler-case
                 (handler-bind ((warning #'muffle-warning))
                   (with-input-from-string (s line)
                     (loop for form = (read s nil s)
                           until (eq form s)
                           do (setf values (multiple-value-list (eval form))))))
               (error (e) (setf failure (format nil "~a" (type-of e))))))))
    (values printed (mapcar #'prin1-to-string values) failure)))

(with-open-file (in *from*)
  (with-open-file (out *to* :direction :output :if-exists :supersede)
    (loop for line = (read-line in nil)
          while line
          unless (or (string= line "") (char= (char line 0) #\;))
            do (let ((pid (sb-posix:fork)))
                 (if (= pid 0)
                     (let ((*error-output* (make-broadcast-stream)))
                       (setf (sb-ext:bytes-consed-between-gcs) 100000000)
                       (multiple-value-bind (printed values failure) (run-line line)
                         (format out "{\"form\":") (json line out)
                         (format out ",\"printed\":") (json printed out)
                         (format out ",\"values\":[")
                         (loop for (v . more) on values do (json v out) (when more (write-char #\, out)))
                         (format out "],\"error\":") (if failure (json failure out) (format out "null"))
                         (format out "}~%")
                         (finish-output out)
                         (sb-ext:exit :code 0 :abort t)))
                     (progn (sb-posix:waitpid pid 0)
                            (file-position out (file-length out)))))))))
