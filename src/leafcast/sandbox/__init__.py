"""The stand-in for Leaf, SendGrid and Twilio, written from their own documentation and not from our clients."""
