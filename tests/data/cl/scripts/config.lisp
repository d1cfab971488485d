;; config parser
(defun trim (s) (string-trim '(#\Space #\Tab #\Newline) s))
(defun parse-value (text)
  (let ((v (trim text)))
    (cond ((string= v "") nil)
          ((string-equal v "true") t)
          ((string-equal v "false") nil)
          ((every #'digit-char-p v) (parse-integer v))
          ((and (> (length v) 1) (char= (char v 0) #\") (char= (char v (1- (length v))) #\"))
           (subseq v 1 (1- (length v))))
          ((ignore-errors (let ((*read-eval* nil)) (let ((x (read-from-string v))) (and (numberp x) x)))))
          (t (intern (string-upcase v) :keyword)))))
(defun parse-config (text)
  (let ((section :global) (result '()) (n 0))
    (with-input-from-string (in text)
      (loop
        (let ((line (read-line in nil :eof)))
          (when (eq line :eof) (return))
          (incf n)
          (let ((l (trim line)))
            (cond
              ((or (zerop (length l)) (char= (char l 0) #\#)) nil)
              ((and (char= (char l 0) #\[) (find #\] l))
               (setf section (intern (string-upcase (subseq l 1 (position #\] l))) :keyword)))
              (t (let ((eq (position #\= l)))
                   (unless eq (error "line ~D: no '=' in ~S" n l))
                   (push (list section (trim (subseq l 0 eq)) (parse-value (subseq l (1+ eq)))) result))))))))
    (nreverse result)))
(defparameter *text* "# comment
name = \"server one\"
port= 8080
ratio = 0.75
[log]
level = debug
enabled = true
empty =
")
(let ((c (parse-config *text*)))
  (loop for (s k v) in c do (format t "~10@A ~8A => ~S~%" s k v))
  (print c)
  (print (assoc "port" (mapcar #'cdr c) :test #'string=)))
(handler-case (parse-config "x")
  (simple-error (e) (format t "~&error: ~A~%" e)))
(let* ((plist '(:a 1 :b (2 3) :c "x")) (copy (copy-list plist)))
  (setf (getf copy :d) 4)
  (remf copy :a)
  (format t "~S ~S ~A~%" copy plist (getf plist :zz "none"))
  (loop for (k v) on plist by #'cddr do (format t "~A -> ~A~%" k v)))
