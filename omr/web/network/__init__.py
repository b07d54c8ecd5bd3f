"""Between the desks and the network: certificates, encryption, visitors who keep us waiting."""
