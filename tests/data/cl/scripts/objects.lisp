;;; A small bank: classes, generic functions, methods with roles, and how objects print.
(defclass account ()
  ((owner :initarg :owner :reader owner :type string)
   (balance :initarg :balance :initform 0 :accessor balance)
   (history :initform nil :accessor history)))

(defclass savings (account)
  ((rate :initarg :rate :initform 1/10 :reader rate))
  (:default-initargs :owner "nobody"))

(define-condition insufficient-funds (error)
  ((account :initarg :account :reader funds-account)
   (needed :initarg :needed :reader funds-needed))
  (:report (lambda (c stream)
             (format stream "~a needs ~d more" (owner (funds-account c)) (funds-needed c)))))

(defgeneric deposit (account amount)
  (:documentation "Puts money into an account."))
(defgeneric withdraw (account amount))

(defmethod deposit ((account account) (amount integer))
  (incf (balance account) amount))

(defmethod deposit :after ((account account) amount)
  (push (list :in amount) (history account)))

(defmethod withdraw :before ((account account) amount)
  (when (> amount (balance account))
    (error 'insufficient-funds :account account :needed (- amount (balance account)))))

(defmethod withdraw ((account account) amount)
  (push (list :out amount) (history account))
  (decf (balance account) amount))

(defmethod withdraw :around ((account savings) amount)
  (let ((left (call-next-method)))
    (format t "~&~a has ~d left~%" (owner account) left)
    left))

(defmethod print-object ((account account) stream)
  (print-unreadable-object (account stream :type t)
    (format stream "~a: ~d" (owner account) (balance account))))

(defmethod initialize-instance :after ((account savings) &key (bonus 0))
  (incf (balance account) bonus))

(defvar *accounts* (make-hash-table :test 'equal))

(defun (setf account-of) (account name)
  (setf (gethash name *accounts*) account))

(defun account-of (name)
  (or (gethash name *accounts*) (error "no account of ~s" name)))

(setf (account-of "ann") (make-instance 'account :owner "ann" :balance 10)
      (account-of "bob") (make-instance 'savings :owner "bob" :bonus 5))

(deposit (account-of "ann") 20)
(deposit (account-of "bob") 100)
(print (account-of "ann"))
(format t "~&~{~a~^, ~}~%" (mapcar #'account-of '("ann" "bob")))
(withdraw (account-of "bob") 50)
(handler-case (withdraw (account-of "ann") 1000)
  (insufficient-funds (c) (format t "refused: ~a~%" c)))
(handler-case (account-of "eve")
  (error (e) (format t "error: ~a~%" e)))
(handler-case (deposit (account-of "ann") "much")
  (error () (format t "no such method~%")))
(with-slots (owner (money balance)) (account-of "ann")
  (setf money 1)
  (format t "~a has ~a~%" owner money))
(print (history (account-of "ann")))
(print (list (typep (account-of "bob") 'account) (rate (account-of "bob"))
             (owner (make-instance 'savings))))
(terpri)
