"""Mail: what the outbox holds becomes letters, and letters go out; one folder of templates for each kind of mail.

`rendering` makes a letter of a kind and what it is told, `letters` tells it, `smtp` sends, `signing` signs, `bounces`
reads what came back, `postman` takes from the outbox and puts back what became of it.
"""
