int data = 1; int zeros[100];
