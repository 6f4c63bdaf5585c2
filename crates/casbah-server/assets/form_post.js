// Sends the answer on to the application that asked for the sign-in.
document.getElementById("form_post").submit();
