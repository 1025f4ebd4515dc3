"""What is built before a deployment: policies, bytecode, the Chalice project."""
