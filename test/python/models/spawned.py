"""Computes in processes of its own, which Python spawns."""

import multiprocessing

import inferd


def square(number):
    return number * number


class Spawned:
    def __init__(self, source):
        self.pool = multiprocessing.get_context("spawn").Pool(1)

    @inferd.generate
    def write(self, request):
        numbers = [int(word) for word in request.prompt.split()]
        for result in self.pool.map(square, numbers):
            yield f"{result} "

    def close(self):
        self.pool.terminate()
