"""moto's server, with its arguments.

A client that lost an answer asks again, under the same id of its call: it is given the same answer, so that nothing is
created twice.
"""

import sys
from concurrent.futures import Future
from threading import Lock

import moto.server


class Remembering:
    """A WSGI application in front of another, which handles each call once."""

    def __init__(self, application):
        self.application = application
        self.answers = {}
        self.lock = Lock()

    def __call__(self, environ, start_response):
        call = environ.get("HTTP_AMZ_SDK_INVOCATION_ID")
        if call is None:
            return self.application(environ, start_response)
        with self.lock:
            is_new = call not in self.answers
            answer = self.answers.setdefault(call, Future())
        if is_new:
            self.handle(call, environ, answer)
        status, headers, body = answer.result()
        start_response(status, headers)
        return [body]

    def handle(self, call, environ, answer):
        begun = {}

        def start_response(status, headers, exc_info=None):
            begun.update(status=status, headers=headers)

        try:
            body = b"".join(self.application(environ, start_response))
            answer.set_result((begun["status"], begun["headers"], body))
        except Exception as error:
            answer.set_exception(error)
        # What moto failed at may be tried again.
        if answer.exception() is not None or begun["status"].startswith("5"):
            del self.answers[call]


dispatcher = moto.server.DomainDispatcherApplication
moto.server.DomainDispatcherApplication = lambda create: Remembering(dispatcher(create))
moto.server.main(sys.argv[1:])
