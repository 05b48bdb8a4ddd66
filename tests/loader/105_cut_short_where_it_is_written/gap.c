char data[5000] = {1};
