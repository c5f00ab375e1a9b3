"""UserService and AuthService: contract ↔ domain."""

from services.users.servicer.auth import AuthServicer
from services.users.servicer.users import UserServicer

__all__ = ["AuthServicer", "UserServicer"]
