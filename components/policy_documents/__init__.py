"""Every policy document of the program, as pure functions; one statement (`Sid`) per intent."""
