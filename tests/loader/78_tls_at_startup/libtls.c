__thread int shared = 1;
