"""The page to drop a photo on and the HTTP API behind it.

`queue` holds the one worker and its bounded queue, `uploads` checks what comes in, `api` answers HTTP, `page` is the
Gradio page; both hand their photographs to the same queue.
"""
