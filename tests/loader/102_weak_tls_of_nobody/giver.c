__thread int nobody = 1;
